/** What `?` shows. */
import { Dialog } from '../../ui/dialog.tsx';
import { ShortcutTable } from './shortcut-table.tsx';

export default function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose} wide>
      <ShortcutTable />
    </Dialog>
  );
}
