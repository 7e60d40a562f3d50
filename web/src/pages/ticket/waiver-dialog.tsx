/** To accept without a kind of evidence: why, in whose name, until when. It stands on the ticket for good. */
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { Ticket, Waiver } from '../../../../src/contract/shapes.ts';
import type { EvidenceKind } from '../../../../src/domain/words.ts';
import { api, newKey } from '../../api/client.ts';
import { keys } from '../../api/keys.ts';
import { queryClient } from '../../api/query-client.ts';
import { EVIDENCE_WORDS } from '../../format/words.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { ProblemNote } from '../../ui/problem.tsx';
import { SelectField } from '../../ui/select-field.tsx';
import { TextField } from '../../ui/text-field.tsx';

export default function WaiverDialog({ ticket, onClose }: { ticket: Ticket; onClose: () => void }) {
  const kinds = ticket.completion.requires;
  const unproven = kinds.find(
    (kind) => !ticket.evidence.some((e) => e.kind === kind && e.state === 'verified'),
  );
  const [kind, setKind] = useState<EvidenceKind | undefined>(unproven ?? kinds[0]);
  const [reason, setReason] = useState('');
  const [hours, setHours] = useState('24');
  const waive = useMutation({
    mutationFn: () =>
      api.post<Waiver>(
        `/tickets/${encodeURIComponent(ticket.key)}/waivers`,
        { kind, reason, expiresAt: new Date(Date.now() + Number(hours) * 3_600_000).toISOString() },
        { idempotencyKey: newKey() },
      ),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: keys.ticket(ticket.key) });
      onClose();
    },
  });
  return (
    <Dialog
      title={`Waive evidence: ${ticket.key}`}
      description="It counts for the present attempt only, and stands in the log and on the ticket for good, under your name."
      onClose={onClose}
    >
      <form
        className="space-y-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (reason.trim() !== '') waive.mutate();
        }}
      >
        <div className="grid grid-cols-2 gap-3">
          <SelectField
            label="Kind"
            value={kind ?? ''}
            options={kinds.map((each) => [each, EVIDENCE_WORDS[each]])}
            onChange={(each) => {
              if (each !== '') setKind(each);
            }}
          />
          <SelectField
            label="Good for"
            value={hours}
            options={[
              ['1', '1 hour'],
              ['24', '1 day'],
              ['168', '1 week'],
            ]}
            onChange={setHours}
          />
        </div>
        <TextField
          label="Why is this work good without it?"
          area
          required
          value={reason}
          onChange={setReason}
        />
        <ProblemNote error={waive.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Close</Button>
          <Button
            type="submit"
            tone="primary"
            busy={waive.isPending}
            blocked={reason.trim() === '' && 'Write the reason first.'}
          >
            Write the waiver
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
