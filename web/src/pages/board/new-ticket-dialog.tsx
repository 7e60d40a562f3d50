/** The dialog behind `C`. After creating it stays out of the way: the message leads to the ticket. */
import { useNavigate } from '@tanstack/react-router';
import { toast } from '../../ui/toast.ts';
import { Dialog } from '../../ui/dialog.tsx';
import TicketForm from './ticket-form.tsx';

export default function NewTicketDialog({ project, onClose }: { project?: string; onClose: () => void }) {
  const navigate = useNavigate();
  return (
    <Dialog title="New ticket" onClose={onClose} wide>
      <TicketForm
        project={project}
        onCreated={(ticket) => {
          toast.success(`${ticket.key} is created`, {
            description: ticket.sentence,
            action: {
              label: 'Open',
              onClick: () => void navigate({ to: '/tickets/$key', params: { key: ticket.key } }),
            },
          });
          onClose();
        }}
      />
    </Dialog>
  );
}
