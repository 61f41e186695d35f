// A web server of files, and of pages that a test writes.

import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.wasm': 'application/wasm' };

/** Serves folders by the first part of the path, and pages by their names. */
export class Files {
  #http;

  /**
   * @param {Record<string, string>} folders `{ pkg: '/where/it/is' }`; the one named `''` is served at the root.
   * @param {Record<string, string>} pages Pages and scripts by path.
   * @param {string} [policy] The content security policy of everything.
   */
  static async serve(folders, pages = {}, policy = undefined) {
    const files = new Files();
    files.#http = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url, 'http://x').pathname);
      const headers = policy === undefined ? {} : { 'content-security-policy': policy };
      if (Object.hasOwn(pages, path)) {
        response.writeHead(200, { ...headers, 'content-type': TYPES[extname(path)] ?? TYPES['.html'] }).end(pages[path]);
        return;
      }
      const [, first] = path.split('/');
      const isNamed = first !== '' && Object.hasOwn(folders, first);
      const folder = folders[isNamed ? first : ''];
      const rest = isNamed ? path.slice(first.length + 1) : path;
      const file = folder === undefined ? undefined : join(folder, normalize(rest.endsWith('/') ? `${rest}index.html` : rest));
      if (file === undefined || !file.startsWith(folder) || !existsSync(file) || !statSync(file).isFile()) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { ...headers, 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
      createReadStream(file).pipe(response);
    });
    await new Promise((resolve) => files.#http.listen(0, '127.0.0.1', resolve));
    return files;
  }

  get origin() {
    return `http://127.0.0.1:${this.#http.address().port}`;
  }

  async close() {
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}
