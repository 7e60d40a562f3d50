/** A comment at a line: being written, or standing in the draft. */
import { useState } from 'react';
import { Badge } from '../../../ui/badge.tsx';
import { Button } from '../../../ui/button.tsx';
import { SafeText } from '../../../ui/safe-text.tsx';
import type { DraftComment } from './review-draft.ts';

export function CommentEditor({
  label,
  initial = '',
  onSave,
  onCancel,
}: {
  label: string;
  initial?: string;
  onSave: (text: string) => void;
  onCancel: () => void;
}) {
  const [text, setText] = useState(initial);
  const save = (): void => {
    if (text.trim() !== '') onSave(text.trim());
  };
  return (
    <div className="space-y-2">
      <p className="text-muted text-xs">{label}</p>
      <textarea
        className="control"
        aria-label={label}
        placeholder="What should be different here, and why?"
        maxLength={10_000}
        autoFocus
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) save();
          if (event.key === 'Escape' && text.trim() === initial.trim()) onCancel();
        }}
      />
      <div className="flex justify-end gap-2">
        <Button size="small" onClick={onCancel}>
          Cancel
        </Button>
        <Button
          size="small"
          tone="primary"
          title="Ctrl/⌘ Enter"
          blocked={text.trim() === '' && 'Write it first.'}
          onClick={save}
        >
          Add to the review
        </Button>
      </div>
    </div>
  );
}

export function CommentNote({
  comment,
  onEdit,
  onDelete,
}: {
  comment: DraftComment;
  onEdit: () => void;
  onDelete: () => void;
}) {
  const { line, endLine } = comment;
  return (
    <article className="border-accent/40 bg-surface rounded-md border p-2.5" data-comment>
      <header className="text-muted mb-1 flex items-center gap-2 text-xs">
        <span className="num">{line === endLine ? `Line ${line}` : `Lines ${line}–${endLine}`}</span>
        <Badge tone="accent">draft</Badge>
        <span className="ml-auto flex gap-1">
          <Button size="small" tone="ghost" onClick={onEdit}>
            Edit
          </Button>
          <Button size="small" tone="ghost" onClick={onDelete}>
            Delete
          </Button>
        </span>
      </header>
      <SafeText text={comment.text} className="text-sm" />
    </article>
  );
}
