// The icons: strokes on a grid of 24, drawn in the colour of the text around.

const PATHS = {
  bold: ['M7 5h6a3.5 3.5 0 0 1 0 7H7z', 'M7 12h7a3.5 3.5 0 0 1 0 7H7z'],
  italic: ['M10 5h8', 'M6 19h8', 'M14 5l-4 14'],
  underline: ['M7 4v7a5 5 0 0 0 10 0V4', 'M5 20h14'],
  strikethrough: ['M17 7.5C16.5 5.5 14.5 4.5 12 4.5c-2.8 0-5 1.3-5 3.7 0 1.7 1.2 2.8 3 3.5', 'M4 12h16', 'M14.5 12.7c1.7.7 2.7 1.7 2.7 3.3 0 2.3-2.2 3.6-5 3.6-2.7 0-4.9-1.1-5.4-3.3'],
  number: ['M10 6h10', 'M10 12h10', 'M10 18h10', 'M4 4.5l1.5-.8V8', 'M3.8 11.2a1.4 1.4 0 0 1 2.7.5c0 1-2.7 1.9-2.7 3h2.8', 'M3.8 17h2.6l-1.4 1.6a1.3 1.3 0 1 1-1.3 1.9'],
  bullet: ['M10 6h10', 'M10 12h10', 'M10 18h10', 'M5 6h.01', 'M5 12h.01', 'M5 18h.01'],
  indent: ['M4 5h16', 'M11 10h9', 'M11 14h9', 'M4 19h16', 'M4 9.5L7 12l-3 2.5'],
  outdent: ['M4 5h16', 'M11 10h9', 'M11 14h9', 'M4 19h16', 'M7 9.5L4 12l3 2.5'],
  undo: ['M8 5L4 9l4 4', 'M4 9h10a5.5 5.5 0 0 1 0 11h-3'],
  redo: ['M16 5l4 4-4 4', 'M20 9H10a5.5 5.5 0 0 0 0 11h3'],
  clearFormatting: ['M6 5h13', 'M13.5 5l-3.2 11', 'M8 19h3', 'M15 15l5 5', 'M20 15l-5 5'],
  clearAuthorship: ['M12 4c3 3.6 5.5 6.3 5.5 9.3a5.5 5.5 0 0 1-11 0C6.5 10.3 9 7.6 12 4z', 'M4 4l16 16'],
  exchange: ['M8 20V5', 'M4.5 8.5L8 5l3.5 3.5', 'M16 4v15', 'M12.5 15.5L16 19l3.5-3.5'],
  history: ['M4.5 12a7.5 7.5 0 1 0 2.3-5.4', 'M4 4.5v3.8h3.8', 'M12 8v4.3l3 1.8'],
  settings: ['M4 7h9', 'M17 7h3', 'M4 17h3', 'M11 17h9', 'M15 5v4', 'M9 15v4'],
  share: ['M10 13.5a4 4 0 0 0 5.7.3l3-3a4 4 0 0 0-5.6-5.7l-1.3 1.3', 'M14 10.5a4 4 0 0 0-5.7-.3l-3 3a4 4 0 0 0 5.6 5.7l1.3-1.3'],
  people: ['M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z', 'M2.5 20c.3-3.6 2.8-5.5 6.5-5.5s6.2 1.9 6.5 5.5', 'M16 4.8a3.5 3.5 0 0 1 0 6.5', 'M18 14.9c2.2.7 3.4 2.4 3.5 5.1'],
  help: ['M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z', 'M9.5 9.3a2.6 2.6 0 1 1 3.9 2.3c-.9.5-1.4 1-1.4 2', 'M12 17h.01'],
  search: ['M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13z', 'M15.5 15.5L20 20'],
  check: ['M5 12.5l4.5 4.5L19 7.5'],
  busy: ['M12 4a8 8 0 1 1-8 8'],
  device: ['M4.5 5.5h15v10h-15z', 'M2.5 18.5h19', 'M9.5 10.5l2 2 3.5-3.5'],
  warning: ['M12 4L2.8 20h18.4z', 'M12 10v4.5', 'M12 17.3h.01'],
  play: ['M8 5.5v13l10.5-6.5z'],
  pause: ['M9 5.5v13', 'M15 5.5v13'],
  before: ['M14.5 6l-6 6 6 6'],
  next: ['M9.5 6l6 6-6 6'],
  first: ['M17 6l-6 6 6 6', 'M7 6v12'],
  newest: ['M7 6l6 6-6 6', 'M17 6v12'],
  calendar: ['M4.5 6.5h15v13h-15z', 'M4.5 10.5h15', 'M8.5 4v4', 'M15.5 4v4'],
  compare: ['M12 4v16', 'M8.5 7H4.5v10h4', 'M15.5 7h4v10h-4'],
  follow: ['M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10z', 'M12 3v4', 'M12 17v4', 'M3 12h4', 'M17 12h4'],
  open: ['M4 18.5v-13h5.5l2 2.5H20v2.5', 'M4 18.5l2.5-8h15l-2.5 8z'],
  close: ['M6 6l12 12', 'M18 6L6 18'],
  offline: ['M4 4l16 16', 'M5 11.5a10 10 0 0 1 3.5-2.2', 'M19 11.5a10 10 0 0 0-6-2.9', 'M8.5 15a5 5 0 0 1 5.7-.9', 'M12 19h.01'],
} as const;

/** The names of the icons. */
export type IconName = keyof typeof PATHS;

const SVG = 'http://www.w3.org/2000/svg';

/** An icon. It says nothing to a screen reader: whatever it stands in has a name. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  for (const d of PATHS[name]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}
