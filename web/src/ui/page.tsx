/** The frame of a page: its head that stays, and the parts that every page shares. */
import { useEffect, type ReactNode } from 'react';
import { BellSpot } from '../shell/bell-spot.tsx';
import { cx } from './cx.ts';
import { Link } from '../router/link.tsx';

export function PageHead({
  title,
  crumbs,
  actions,
  children,
}: {
  title: string;
  crumbs?: { label: string; to: string }[];
  actions?: ReactNode;
  children?: ReactNode;
}) {
  useEffect(() => {
    document.title = title === 'Home' ? 'Mission Control' : `${title} · Mission Control`;
  }, [title]);
  return (
    <header className="border-line bg-bg/90 sticky top-0 z-20 border-b px-4 backdrop-blur-md sm:px-6">
      <div className="flex min-h-12 items-center gap-3 max-md:min-h-14">
        {crumbs && (
          <nav aria-label="Breadcrumb" className="min-w-0">
            <ol className="text-muted flex items-center gap-1.5 text-sm">
              {crumbs.map((crumb) => (
                <li key={crumb.to} className="flex items-center gap-1.5">
                  <Link
                    to={crumb.to}
                    className="tap hover:text-text inline-flex items-center justify-center rounded hover:underline"
                  >
                    {crumb.label}
                  </Link>
                  <span aria-hidden className="text-faint">
                    /
                  </span>
                </li>
              ))}
              <li aria-current="page" className="text-text num truncate font-medium">
                {title}
              </li>
            </ol>
          </nav>
        )}
        {!crumbs && <h1 className="truncate text-base font-semibold">{title}</h1>}
        <div className="ml-auto flex items-center gap-2">
          {actions}
          <span className="md:hidden">
            <BellSpot />
          </span>
        </div>
      </div>
      {children}
    </header>
  );
}

export function PageBody({ children, narrow }: { children: ReactNode; narrow?: boolean }) {
  return (
    <div className={cx('mx-auto w-full px-4 py-5 sm:px-6', narrow ? 'max-w-3xl' : 'max-w-6xl')}>
      {children}
    </div>
  );
}

export function Section({
  title,
  count,
  actions,
  children,
  className,
}: {
  title: ReactNode;
  count?: number;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  return (
    <section className={cx('min-w-0', className)}>
      <div className="mb-2 flex min-h-7 items-center gap-2">
        <h2 className="text-sm font-semibold">{title}</h2>
        {count !== undefined && count > 0 && <span className="num text-faint text-sm">{count}</span>}
        <div className="ml-auto flex items-center gap-1">{actions}</div>
      </div>
      {children}
    </section>
  );
}

export function Empty({ title, children, icon }: { title: string; children?: ReactNode; icon?: ReactNode }) {
  return (
    <div className="border-line-strong flex flex-col items-center gap-1 rounded-lg border border-dashed px-6 py-8 text-center">
      {icon && <div className="text-faint mb-1">{icon}</div>}
      <p className="text-sm font-medium">{title}</p>
      {children && <div className="text-muted max-w-prose text-sm">{children}</div>}
    </div>
  );
}
