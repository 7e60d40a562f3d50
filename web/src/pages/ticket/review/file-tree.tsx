/** The files of a diff by folder: how much changed in each, what one has seen, where one has commented. */
import { Check, MessageSquare } from 'lucide-react';
import type { Diff } from '../../../../../src/contract/shapes.ts';
import { revealHidden } from '../../../format/reveal-hidden.ts';
import type { ReviewDraft } from './review-draft.ts';

export const fileId = (path: string): string => `file-${path.replaceAll(/[^\w.-]/g, '_')}`;

export function FileTree({ files, draft }: { files: Diff['files']; draft: ReviewDraft }) {
  const folders = [...new Set(files.map(({ path }) => folderOf(path)))].sort();
  const seen = files.filter(({ path }) => draft.viewed.includes(path)).length;
  const total = (name: 'additions' | 'deletions'): number => files.reduce((sum, file) => sum + file[name], 0);
  return (
    <details className="card" open={files.length <= 40}>
      <summary className="tap flex min-h-9 items-center gap-2 px-3 text-sm">
        <span className="font-medium">{files.length} files</span>
        <span className="num text-green text-xs">+{total('additions')}</span>
        <span className="num text-red text-xs">−{total('deletions')}</span>
        <span className="text-faint num ml-auto text-xs">
          {seen} of {files.length} viewed
        </span>
      </summary>
      <ul className="border-line max-h-72 overflow-y-auto border-t px-3 py-2" aria-label="Files">
        {folders.map((folder) => (
          <li key={folder}>
            {folder !== '' && (
              <p className="text-faint mt-1 truncate font-mono text-xs">{revealHidden(folder)}</p>
            )}
            <ul className={folder === '' ? '' : 'pl-3'}>
              {files
                .filter(({ path }) => folderOf(path) === folder)
                .map((file) => {
                  const comments = draft.comments.filter((comment) => comment.path === file.path).length;
                  return (
                    <li key={file.path}>
                      <a
                        href={`#${fileId(file.path)}`}
                        onClick={(event) => {
                          event.preventDefault();
                          const target = document.getElementById(fileId(file.path));
                          target?.scrollIntoView({ block: 'start' });
                          target?.querySelector<HTMLElement>('button')?.focus({ preventScroll: true });
                        }}
                        className="tap hover:bg-hover flex min-h-6 items-center gap-2 rounded px-1 font-mono text-xs"
                      >
                        <span className="w-3.5 shrink-0">
                          {draft.viewed.includes(file.path) && (
                            <Check size={13} className="text-green" role="img" aria-label="Viewed" />
                          )}
                        </span>
                        <span className="min-w-0 flex-1 truncate">
                          {revealHidden(file.path.slice(folder === '' ? 0 : folder.length + 1))}
                        </span>
                        {comments > 0 && (
                          <span className="text-accent num inline-flex items-center gap-1">
                            <MessageSquare size={12} aria-hidden /> {comments}
                            <span className="sr-only"> comments</span>
                          </span>
                        )}
                        <span className="num text-green">+{file.additions}</span>
                        <span className="num text-red">−{file.deletions}</span>
                      </a>
                    </li>
                  );
                })}
            </ul>
          </li>
        ))}
      </ul>
    </details>
  );
}

const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));
