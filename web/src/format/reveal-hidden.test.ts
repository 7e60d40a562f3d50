import { describe, expect, it } from 'vitest';
import { revealHidden } from './reveal-hidden.ts';

describe('revealHidden', () => {
  it('shows characters that turn the reading direction', () => {
    expect(revealHidden('user\u202Etxt.exe')).toBe('user⟨U+202E⟩txt.exe');
    expect(revealHidden('\u2066a\u2069')).toBe('⟨U+2066⟩a⟨U+2069⟩');
  });
  it('shows control characters, but leaves tabs and line ends', () => {
    expect(revealHidden('a\u0007b\tc\nd\u001b[31m')).toBe('a⟨U+0007⟩b\tc\nd⟨U+001B⟩[31m');
  });
  it('leaves ordinary text of any script alone', () => {
    const text = 'Grüße, שלום, 你好, 👩‍🚀';
    expect(revealHidden(text)).toBe(text);
  });
});
