// Light and dark. Colours are style variables, so that what is drawn and what is
// written have the same ones.

export type Theme = 'auto' | 'light' | 'dark'

const place = 'trainwatch-theme'
const known = new Map<string, string>() // of the colours that hold now

export function colourOf(name: string): string {
  let colour = known.get(name)
  if (colour === undefined) {
    colour =
      getComputedStyle(document.documentElement)
        .getPropertyValue('--' + name)
        .trim() || '#888888'
    known.set(name, colour)
  }
  return colour
}

/** The colour with a share of its strength. Style variables are written as #rrggbb. */
export function withAlpha(hex: string, alpha: number): string {
  const byte = Math.round(Math.min(Math.max(alpha, 0), 1) * 255)
  return hex + byte.toString(16).padStart(2, '0')
}

export function theme(): Theme {
  const set = document.documentElement.dataset['theme']
  return set === 'light' || set === 'dark' ? set : 'auto'
}

export function setTheme(to: Theme): void {
  if (to === 'auto') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = to
  known.clear()
  try {
    localStorage.setItem(place, to)
  } catch {
    // A browser that keeps nothing: the choice holds for this page.
  }
}

export function rememberedTheme(): void {
  let to: string | null = null
  try {
    to = localStorage.getItem(place)
  } catch {
    // See setTheme.
  }
  if (to === 'light' || to === 'dark') setTheme(to)
}

/** Calls f whenever the system's or the paper's colours come to hold. */
export function onSystemTheme(f: () => void): void {
  const changed = (): void => {
    known.clear()
    f()
  }
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed)
  addEventListener('beforeprint', () => {
    document.documentElement.classList.add('printing')
    changed()
  })
  addEventListener('afterprint', () => {
    document.documentElement.classList.remove('printing')
    changed()
  })
}
