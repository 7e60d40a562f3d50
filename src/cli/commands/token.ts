/** `mctl token …`: who may speak to the server. A token is shown once, when it is made. */
import type { Command } from 'commander';
import type { IssuedToken, Token } from '../../contract/shapes.ts';
import { ROLES } from '../../domain/words.ts';
import { runs, type Io } from '../context.ts';
import { findByEnding, shortId } from '../references.ts';
import { line, text } from '../terminal/safe-text.ts';
import { moment, oneOf, withoutUndefined } from '../values.ts';

interface CreateOptions {
  role: string;
  name: string;
  expires?: string;
}

export function defineToken(program: Command, io: Io): void {
  const token = program.command('token').description('tokens: list, create, revoke');

  const list = token.command('list').alias('ls').description('list the tokens, without their secrets');
  runs(list, io, async (context) => {
    const page = await context.api.list<Token>('/tokens', {}, 1000);
    context.result(page, () => {
      context.printTable(
        page.items,
        [
          { title: 'Id', value: (each) => shortId(each.id) },
          { title: 'Role', value: (each) => each.role },
          { title: 'Name', value: (each) => each.name, flexible: true },
          { title: 'Made', value: (each) => context.age(each.createdAt) },
          { title: 'Used', value: (each) => context.age(each.lastUsedAt) || 'never' },
          { title: 'Expires', value: (each) => context.age(each.expiresAt) || 'never' },
        ],
        'No tokens.',
      );
    });
  });

  const create = token
    .command('create')
    .alias('add')
    .description('make a token; standard output is the token alone')
    .requiredOption('--role <role>', ROLES.join(', '))
    .requiredOption('--name <name>', 'whose it is; it signs what is done with it')
    .option('--expires <when>', 'when it ends: 30d, or 2026-12-24T18:00:00Z; else never');
  runs<CreateOptions>(create, io, async (context, options) => {
    const issued = await context.api.post<IssuedToken>(
      '/tokens',
      withoutUndefined({
        role: oneOf(options.role, ROLES, '--role'),
        name: options.name,
        expiresAt: options.expires === undefined ? undefined : moment(options.expires, '--expires', io.now()),
      }),
    );
    context.result(issued, () => {
      const until =
        issued.expiresAt === null ? 'It never expires' : `It ends ${context.age(issued.expiresAt)}`;
      context.print(line(issued.token));
      context.note(
        text`${context.style.dim(`${until}; it is shown this once. Revoke it: mctl token revoke ${shortId(issued.id)}`)}`,
      );
    });
  });

  const revoke = token
    .command('revoke')
    .alias('delete')
    .description('end a token at once')
    .argument('<id>', 'its id; the end of it will do');
  runs(revoke, io, async (context, _options, given) => {
    const { items } = await context.api.list<Token>('/tokens', {}, 1000);
    const found = findByEnding(items, given ?? '', 'tokens');
    const answer = await context.api.delete<unknown>(`/tokens/${found.id}`);
    if (context.json) context.printJson(answer ?? null);
    else context.print(text`Revoked: ${found.role} ${found.name}`);
  });
}
