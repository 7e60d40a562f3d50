/** A link inside the app: a real one, so that it can be copied and opened beside; a plain click stays in this page. */
import type { ComponentProps, MouseEvent } from 'react';
import { cx } from '../ui/cx.ts';
import { type Address, hrefOf } from './address.ts';
import { navigate } from './history.ts';
import { usePathname } from './place-context.ts';
import { preloadPage } from './pages.ts';

type LinkProps = Omit<ComponentProps<'a'>, 'href'> & Address;

/** Whether the browser is asked for something of its own: another tab, a download. */
const isPlainClick = (event: MouseEvent): boolean =>
  event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

export function Link({ to, search, hash, onClick, onFocus, onPointerEnter, ...rest }: LinkProps) {
  const href = hrefOf({ to, search, hash });
  return (
    <a
      {...rest}
      href={href}
      onFocus={(event) => {
        onFocus?.(event);
        void preloadPage(to);
      }}
      onPointerEnter={(event) => {
        onPointerEnter?.(event);
        void preloadPage(to);
      }}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || !isPlainClick(event)) return;
        event.preventDefault();
        navigate({ href });
      }}
    />
  );
}

/** A link that shows when it leads to where one is. */
export function NavLink({ activeClassName, className, ...rest }: LinkProps & { activeClassName: string }) {
  const pathname = usePathname();
  const isActive = rest.to === '/' ? pathname === '/' : `${pathname}/`.startsWith(`${rest.to}/`);
  return (
    <Link
      {...rest}
      className={cx(className, isActive && activeClassName)}
      aria-current={isActive ? 'page' : undefined}
    />
  );
}
