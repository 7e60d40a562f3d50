// A wall clock that jumps while the process runs: by as many milliseconds as the file MC_TEST_CLOCK says just now.
import { readFileSync } from 'node:fs';

const file = process.env.MC_TEST_CLOCK;
let offset = 0;
const read = () => {
  try {
    offset = Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    offset = 0;
  }
};
if (file !== undefined) {
  read();
  setInterval(read, 50).unref();
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      if (args.length === 0) super(RealDate.now() + offset);
      else super(...args);
    }
    static now() {
      return RealDate.now() + offset;
    }
  };
}
