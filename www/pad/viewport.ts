/**
 * Keeps the page as high as what the keyboard of a phone leaves free. Browsers that shrink the layout themselves need no help; the others only shrink the
 * visual viewport, and would leave the caret under the keyboard.
 */
export function followViewport(): void {
  const viewport = visualViewport;
  if (!viewport) return;
  const apply = (): void => {
    const covered = innerHeight - viewport.height;
    // A page that is zoomed in has a small visual viewport, too, but no keyboard over it.
    if (viewport.scale > 1.01 || covered < 80) document.documentElement.style.removeProperty('--height');
    else document.documentElement.style.setProperty('--height', `${viewport.height}px`);
  };
  viewport.addEventListener('resize', apply);
}
