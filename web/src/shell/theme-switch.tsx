/** Dark, light, or as the system has it. */
import { Monitor, Moon, Sun } from 'lucide-react';
import { IconButton } from '../ui/button.tsx';
import { Menu } from '../ui/menu.tsx';
import { setTheme, useTheme, type Theme } from './preferences.ts';

const CHOICES: { theme: Theme; label: string; icon: typeof Sun }[] = [
  { theme: 'system', label: 'As the system', icon: Monitor },
  { theme: 'light', label: 'Light', icon: Sun },
  { theme: 'dark', label: 'Dark', icon: Moon },
];

export function ThemeSwitch() {
  const theme = useTheme();
  const chosen = CHOICES.find((c) => c.theme === theme) ?? CHOICES[0];
  const Icon = chosen?.icon ?? Monitor;
  return (
    <Menu
      label="Theme"
      trigger={
        <IconButton label={`Theme: ${chosen?.label ?? ''}`}>
          <Icon size={15} aria-hidden />
        </IconButton>
      }
      items={CHOICES.map(({ theme: value, label, icon: ChoiceIcon }) => ({
        id: value,
        label,
        icon: <ChoiceIcon size={15} aria-hidden />,
        hint: value === theme ? 'chosen' : undefined,
        onSelect: () => setTheme(value),
      }))}
    />
  );
}
