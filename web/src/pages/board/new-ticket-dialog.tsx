/** The dialog behind `C`. After creating it stays out of the way: the message leads to the ticket. */
import { toast } from '../../ui/toast.ts';
import { Dialog } from '../../ui/dialog.tsx';
import TicketForm from './ticket-form.tsx';
import { ticketPath } from '../../router/address.ts';
import { navigate } from '../../router/history.ts';

export default function NewTicketDialog({ project, onClose }: { project?: string; onClose: () => void }) {
  return (
    <Dialog title="New ticket" onClose={onClose} wide>
      <TicketForm
        takesFocus
        project={project}
        onCreated={(ticket) => {
          toast.success(`${ticket.key} is created`, {
            description: ticket.sentence,
            action: {
              label: 'Open',
              onClick: () => navigate({ to: ticketPath(ticket.key) }),
            },
          });
          onClose();
        }}
      />
    </Dialog>
  );
}
