// Draws the app's icon as PNG files with nothing but zlib: distances to circles and a rounded square, anti-aliased.
// `node web/icons/make-icons.mjs` writes web/public/*.png; the drawing is that of web/public/icon.svg.
import { deflateSync, crc32 as zlibCrc } from 'node:zlib';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

const out = join(fileURLToPath(new URL('.', import.meta.url)), '../public');
const BACK = [0x17, 0x19, 0x1e];
const RING = [0x4d, 0x8d, 0xf6];
const CORE = [0xf4, 0xf5, 0xf7];
const MOON = [0xf2, 0xb8, 0x4b];

const table = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
const crc = (bytes) => {
  if (zlibCrc) return zlibCrc(bytes);
  let c = 0xffffffff;
  for (const b of bytes) c = table[(c ^ b) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
};
const chunk = (type, data) => {
  const body = Buffer.concat([Buffer.from(type), data]);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(data.length);
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(crc(body));
  return Buffer.concat([head, body, tail]);
};

/** @param scale how much of the square the drawing fills; maskable icons keep it inside the safe zone */
function draw(size, { scale, rounded }) {
  const rows = [];
  const unit = size / 64;
  for (let y = 0; y < size; y++) {
    const row = Buffer.alloc(1 + size * 4);
    for (let x = 0; x < size; x++) {
      const px = ((x + 0.5) / unit - 32) / scale + 32;
      const py = ((y + 0.5) / unit - 32) / scale + 32;
      const cover = (distance) => Math.min(1, Math.max(0, 0.5 - distance * unit * scale));
      let colour = [...BACK];
      const over = (paint, distance) => {
        const a = cover(distance);
        colour = colour.map((c, i) => c * (1 - a) + paint[i] * a);
      };
      const r = Math.hypot(px - 32, py - 32);
      over(RING, Math.abs(r - 17) - 2.25);
      over(CORE, r - 6);
      const m = Math.hypot(px - 44, py - 20);
      over(BACK, m - 7.5);
      over(MOON, m - 4.8);
      let alpha = 1;
      if (rounded) {
        const qx = Math.max(Math.abs((x + 0.5) / unit - 32) - 17, 0);
        const qy = Math.max(Math.abs((y + 0.5) / unit - 32) - 17, 0);
        alpha = Math.min(1, Math.max(0, 0.5 - (Math.hypot(qx, qy) - 15) * unit));
      }
      const at = 1 + x * 4;
      for (let i = 0; i < 3; i++) row[at + i] = Math.round(colour[i]);
      row[at + 3] = Math.round(alpha * 255);
    }
    rows.push(row);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header[8] = 8;
  header[9] = 6;
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(rows), { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

writeFileSync(join(out, 'icon-192.png'), draw(192, { scale: 1, rounded: true }));
writeFileSync(join(out, 'icon-512.png'), draw(512, { scale: 1, rounded: true }));
writeFileSync(join(out, 'icon-maskable-512.png'), draw(512, { scale: 0.8, rounded: false }));
writeFileSync(join(out, 'apple-touch-icon.png'), draw(180, { scale: 0.92, rounded: false }));
