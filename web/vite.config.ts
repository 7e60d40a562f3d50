/**
 * Builds the web app into dist/web, which the server serves under a strict content security policy: no inline scripts,
 * no eval, trusted types. So nothing here may inject a script into the page, and the service worker carries its
 * runtime inside itself instead of importing it.
 */
import { fileURLToPath } from 'node:url';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';

const here = fileURLToPath(new URL('.', import.meta.url));
const server = process.env['MC_URL'] ?? 'http://127.0.0.1:4831';

export default defineConfig({
  root: here,
  resolve: {
    alias: {
      // Its edition for browsers asks `innerHTML` what `&lt;` means, which trusted types forbid: the page would break at
      // the first entity that somebody wrote. The other edition has a table.
      'decode-named-character-reference': fileURLToPath(
        import.meta.resolve('decode-named-character-reference'),
      ),
    },
  },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    reportCompressedSize: false,
    // The polyfill is for browsers older than our target.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // What every page uses comes in one file: fifty files of some hundred bytes compress badly, and cost a request each.
        codeSplitting: {
          groups: [
            {
              name: 'base',
              test: /web[\\/]src[\\/](?:api|format|router|shell|ui)[\\/](?!markdown|meanings|palette|ticket-picker|ticket-dialog|more-sheet|outbox-dialog|pause-dialog|shortcuts-dialog|toaster|menu|dialog\.|text-field|field\.)|web[\\/]src[\\/]parts[\\/]filter-tickets|src[\\/]client[\\/](?:api-client|event-stream)|node_modules[\\/](?:react|react-dom|scheduler)[\\/]|lucide-react[\\/]dist[\\/]esm[\\/](?:create|default|Icon|shared)/,
            },
            {
              // Small things that the board shares with other pages.
              name: 'board-parts',
              test: /web[\\/]src[\\/]pages[\\/]board[\\/](?:view|change-view|columns)\.|lucide-react[\\/]dist[\\/]esm[\\/]icons[\\/](?:bookmark|folder-open|move-right)\./,
            },
          ],
        },
      },
    },
  },
  server: { host: '127.0.0.1', proxy: { '/api': server, '/livez': server, '/readyz': server } },
  plugins: [
    react(),
    tailwindcss(),
    VitePWA({
      registerType: 'prompt',
      // Registration is ours (src/shell/register-worker.ts): it goes through a trusted-types policy.
      injectRegister: false,
      includeAssets: ['icon.svg', 'theme.js', 'apple-touch-icon.png'],
      manifest: {
        id: '/',
        name: 'Mission Control',
        short_name: 'Mission Control',
        description: 'Queue work for agents, answer their questions, decide their reviews.',
        start_url: '/',
        scope: '/',
        display: 'standalone',
        background_color: '#131417',
        theme_color: '#131417',
        categories: ['productivity', 'developer'],
        icons: [
          { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' },
          { src: '/icon-192.png', sizes: '192x192', type: 'image/png' },
          { src: '/icon-512.png', sizes: '512x512', type: 'image/png' },
          { src: '/icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
        ],
        shortcuts: [
          { name: 'Inbox', url: '/inbox' },
          { name: 'Board', url: '/board' },
        ],
      },
      // Our own worker: what it shows of pushes is in it, and the way back to the page when it is opened.
      strategies: 'injectManifest',
      srcDir: 'src/worker',
      filename: 'sw.ts',
      injectManifest: {
        globPatterns: ['**/*.{js,css,html,svg,png,webmanifest}'],
        sourcemap: false,
      },
    }),
  ],
});
