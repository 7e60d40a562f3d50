/** When a page breaks, or there is none: what happened, and the ways on. The shell around it stays usable. */
import { Link } from '../router/link.tsx';
import { Button, buttonClass } from '../ui/button.tsx';
import { ProblemNote } from '../ui/problem.tsx';

export function CrashPage({ error, onAgain }: { error: unknown; onAgain: () => void }) {
  return (
    <div className="mx-auto max-w-lg space-y-3 p-6 pt-16">
      <h1 className="text-lg font-semibold">This page stopped working</h1>
      <ProblemNote error={error} />
      <div className="flex gap-2">
        <Button tone="primary" onClick={onAgain}>
          Try again
        </Button>
        <Button onClick={() => location.reload()}>Reload</Button>
        <Link to="/" className={buttonClass('ghost')}>
          Home
        </Link>
      </div>
    </div>
  );
}

export function NotFoundPage() {
  return (
    <main className="mx-auto max-w-lg space-y-3 p-6 pt-16">
      <h1 className="text-lg font-semibold">There is no such page</h1>
      <p className="text-muted text-sm">The address may be mistyped, or from a newer version.</p>
      <Link to="/" className={buttonClass('primary')}>
        Home
      </Link>
    </main>
  );
}
