/**
 * `mctl completion SHELL`: a few lines for the shell, which then asks `mctl __complete` for every Tab. So the words
 * come from the commands as they are, and keys and names from the server.
 */
import { Argument, type Command, type Option } from 'commander';
import {
  ADAPTERS,
  DECIDERS,
  EVIDENCE_KINDS,
  INBOX_DECISIONS,
  LANDINGS,
  ROLES,
  TICKET_STATUSES,
} from '../../domain/words.ts';
import { runs, type Context, type Io } from '../context.ts';
import { plainLine, Safe } from '../terminal/safe-text.ts';

const SCRIPTS = {
  bash: `_mctl() {
  local IFS=$'\\n'
  COMPREPLY=($(mctl __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _mctl mctl
`,
  zsh: `#compdef mctl
_mctl() {
  local -a found
  local line
  for line in "\${(@f)$(mctl __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  (( $#found )) && _describe mctl found || _files
}
compdef _mctl mctl
`,
  fish: `complete -c mctl -f -a '(set -l typed (commandline -opc); mctl __complete -- $typed[2..] (commandline -ct) 2>/dev/null)'
`,
};
type Shell = keyof typeof SCRIPTS;

const INSTALL: Record<Shell, string> = {
  bash: "echo 'source <(mctl completion bash)' >> ~/.bashrc",
  zsh: "echo 'source <(mctl completion zsh)' >> ~/.zshrc   (after compinit)",
  fish: 'mctl completion fish > ~/.config/fish/completions/mctl.fish',
};

export interface Candidate {
  word: string;
  about: string;
}

export function defineCompletion(program: Command, io: Io): void {
  const completion = program
    .command('completion')
    .description('print the completion for a shell: bash, zsh or fish')
    .addArgument(new Argument('<shell>', 'your shell').choices(Object.keys(SCRIPTS)));
  runs(completion, io, (context, _options, shell) => {
    io.out(SCRIPTS[shell as Shell]);
    if (io.columns !== null) context.note(context.style.dim(`Once and for all: ${INSTALL[shell as Shell]}`));
  });

  const complete = program.command('__complete', { hidden: true }).argument('[words...]');
  runs(complete, io, async (context, _options, ...words) => {
    const typed = words.map((word) => word ?? '');
    for (const { word, about } of await candidatesFor(program, typed, (what) => namesOf(context, what))) {
      context.print(Safe.trusted(`${plainLine(word)}\t${plainLine(about)}`));
    }
  });
}

type Named = 'tickets' | 'projects' | 'profiles' | 'campaigns' | 'jobs' | 'runners';

const fixed = (words: readonly string[]): Candidate[] => words.map((word) => ({ word, about: '' }));

/** @param names asks the server for what has names there; empty when it does not answer */
export async function candidatesFor(
  program: Command,
  typed: string[],
  names: (what: Named) => Promise<Candidate[]>,
): Promise<Candidate[]> {
  const current = typed.at(-1) ?? '';
  const { command, position, pending } = walk(program, typed.slice(0, -1));
  const found = pending
    ? await valuesOf(pending, names)
    : current.startsWith('-')
      ? optionsOf(command)
      : [...subcommandsOf(command), ...(await argumentsOf(command, position, names))];
  return found.filter(({ word }) => word.toLowerCase().startsWith(current.toLowerCase()));
}

/** Which command the words lead to, which of its arguments is next, and whether an option waits for its value. */
function walk(
  program: Command,
  words: string[],
): { command: Command; position: number; pending: Option | null } {
  let command = program;
  let position = 0;
  let pending: Option | null = null;
  for (const word of words) {
    if (pending !== null) {
      pending = null;
    } else if (word.startsWith('-')) {
      const option = allOptions(command).find((each) => each.long === word || each.short === word);
      pending = option !== undefined && (option.required || option.optional) ? option : null;
    } else {
      const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
      if (next === undefined) position += 1;
      else {
        command = next;
        position = 0;
      }
    }
  }
  return { command, position, pending };
}

function allOptions(command: Command): Option[] {
  const own = command.createHelp().visibleOptions(command);
  return command.parent === null ? own : [...own, ...allOptions(command.parent)];
}

function optionsOf(command: Command): Candidate[] {
  const seen = new Set<string>();
  return allOptions(command).flatMap((option) => {
    const word = option.long ?? option.short ?? '';
    if (seen.has(word)) return [];
    seen.add(word);
    return [{ word, about: option.description }];
  });
}

function subcommandsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((each) => ({ word: each.name(), about: each.description() }));
}

const WORDS_OF_OPTION: Record<string, readonly string[] | Named> = {
  '--status': TICKET_STATUSES,
  '--requires': EVIDENCE_KINDS,
  '--decided-by': DECIDERS,
  '--on-accept': LANDINGS,
  '--role': ROLES,
  '--adapter': ADAPTERS,
  '--project': 'projects',
  '--profile': 'profiles',
  '--assignee': 'profiles',
  '--campaign': 'campaigns',
  '--blocked-by': 'tickets',
  '--unblock': 'tickets',
  '--ticket': 'tickets',
  '--to': ['postgresql', 'sqlite'],
  '--kind': ['attempt', 'verify', 'land', 'session'],
};

async function valuesOf(option: Option, names: (what: Named) => Promise<Candidate[]>): Promise<Candidate[]> {
  const words = WORDS_OF_OPTION[option.long ?? ''];
  if (words === undefined) return [];
  return typeof words === 'string' ? names(words) : fixed(words);
}

/** Transitions that people make; the others are the system’s own. */
const MOVES = ['ready', 'defer', 'hand_in', 'accept', 'request_changes', 'cancel', 'reopen'];

const NAMED_BY_NOUN: Record<string, Named> = {
  project: 'projects',
  profile: 'profiles',
  campaign: 'campaigns',
  job: 'jobs',
  runner: 'runners',
};

async function argumentsOf(
  command: Command,
  position: number,
  names: (what: Named) => Promise<Candidate[]>,
): Promise<Candidate[]> {
  const argument = command.registeredArguments[position];
  if (argument === undefined || command.name() === 'create') return [];
  if (argument.argChoices !== undefined) return fixed(argument.argChoices);
  switch (argument.name()) {
    case 'transition':
      return fixed(MOVES);
    case 'decision':
      return fixed(INBOX_DECISIONS.filter((decision) => decision !== 'withdrawn'));
    case 'kind':
      return fixed(EVIDENCE_KINDS);
    case 'attempt':
    case 'item':
      return names('tickets');
    case 'key':
    case 'id':
    case 'name': {
      const noun = NAMED_BY_NOUN[command.parent?.name() ?? ''];
      if (noun !== undefined) return names(noun);
      return argument.name() === 'key' ? names('tickets') : [];
    }
    default:
      return [];
  }
}

interface NamedThing {
  key?: string;
  id?: string;
  name?: string;
  title?: string;
}

async function namesOf(context: Context, what: Named): Promise<Candidate[]> {
  try {
    const page = await context.api.client.get<{ items: NamedThing[] }>(`/${what}`, {
      query: { limit: 200 },
      timeoutMs: 1500,
    });
    return page.items.map((item) => ({
      word: item.key ?? (what === 'profiles' ? item.id : item.name) ?? '',
      about: item.title ?? item.name ?? '',
    }));
  } catch {
    // A Tab that finds no server completes what it can without one.
    return [];
  }
}
