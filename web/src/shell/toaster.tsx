/** Where messages appear. */
import { Toaster as Sonner } from 'sonner';
import { useSyncExternalStore } from 'react';
import { useTheme } from './preferences.ts';

const phone = matchMedia('(max-width: 600px)');
const onWidth = (listener: () => void): (() => void) => {
  phone.addEventListener('change', listener);
  return () => phone.removeEventListener('change', listener);
};

export default function Toaster() {
  const theme = useTheme();
  const isPhone = useSyncExternalStore(onWidth, () => phone.matches);
  return (
    <Sonner
      theme={theme}
      // On a phone what one presses is below: dialogs, their buttons, the bar.
      position={isPhone ? 'top-center' : 'bottom-right'}
      mobileOffset={{ top: '4rem' }}
      closeButton
      toastOptions={{ className: 'font-sans' }}
      containerAriaLabel="Messages"
    />
  );
}
