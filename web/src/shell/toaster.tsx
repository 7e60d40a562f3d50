/** Where messages appear. */
import { Toaster as Sonner } from 'sonner';
import { useTheme } from './preferences.ts';

export default function Toaster() {
  const theme = useTheme();
  return (
    <Sonner
      theme={theme}
      position="bottom-right"
      mobileOffset={{ bottom: '4.75rem' }}
      closeButton
      toastOptions={{ className: 'font-sans' }}
      containerAriaLabel="Messages"
    />
  );
}
