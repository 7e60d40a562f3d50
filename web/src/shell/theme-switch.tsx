/** Dark, light, or as the system has it: one button that goes round. */
import { Monitor, Moon, Sun } from 'lucide-react';
import { IconButton } from '../ui/button.tsx';
import { setTheme, useTheme, type Theme } from './preferences.ts';

const CHOICES: Record<Theme, { label: string; icon: typeof Sun; next: Theme }> = {
  system: { label: 'as the system', icon: Monitor, next: 'light' },
  light: { label: 'light', icon: Sun, next: 'dark' },
  dark: { label: 'dark', icon: Moon, next: 'system' },
};

export function ThemeSwitch() {
  const { label, icon: Icon, next } = CHOICES[useTheme()];
  return (
    <IconButton label={`Theme: ${label}`} onClick={() => setTheme(next)}>
      <Icon size={15} aria-hidden />
    </IconButton>
  );
}
