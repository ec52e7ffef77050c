/** The report of a comparison: one HTML file that holds its charts, its data and the library that draws them, and loads nothing. */
import { escapeHtml, reportBody } from './report/html.ts';
import { chartLibraries } from './report/libraries.ts';
import { pageScript } from './report/script.ts';
import { reportStyle } from './report/style.ts';
import { reportView } from './report/view.ts';
import type { Event } from './schema.ts';

// The browser itself then refuses any request, whatever the inlined code might do.
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** Renders the events of one `compare` as a self-contained page; live `progress` lines are left out. Throws UnsupportedError where the chart library is not installed. */
export async function renderReport(events: readonly Event[]): Promise<string> {
  const kept = events.filter((e) => e.type !== 'progress');
  const view = reportView(kept);
  const libraries = await chartLibraries();
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeHtml(`${view.task} · ${view.model}`)}</title>
<style>${reportStyle()}</style>
</head>
<body>
${reportBody(view)}
${jsonScript('events', kept)}
${jsonScript('view', view)}
${[...libraries, pageScript()].map((source) => `<script>${scriptSafe(source)}</script>`).join('\n')}
</body>
</html>
`;
}

/** Writes the report beside its final place and renames it, so that a reader never meets half a file. */
export async function writeReport(path: string, events: readonly Event[]): Promise<void> {
  const [{ mkdir, rename, rm, writeFile }, { dirname }] = await Promise.all([
    import('node:fs/promises'),
    import('node:path'),
  ]);
  const html = await renderReport(events);
  const temporary = `${path}.${process.pid}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await writeFile(temporary, html);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

const jsonScript = (id: string, value: unknown): string =>
  `<script type="application/json" id="${id}">${JSON.stringify(value).replaceAll('<', '\\u003c')}</script>`;

const scriptSafe = (source: string): string => source.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
