// The only way elements come to be on this page: text is text, whatever is in it.

type Child = Node | string | number | null | undefined | false

type Props = {
  class?: string
  title?: string | undefined
  text?: string | undefined
  on?: Partial<Record<keyof HTMLElementEventMap, (event: never) => void>>
  aria?: Record<string, string>
  data?: Record<string, string>
  [attribute: string]: unknown
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue
    if (name === 'class') element.className = String(value)
    else if (name === 'text') element.textContent = harmless(String(value))
    else if (name === 'on') {
      for (const [event, f] of Object.entries(value as Record<string, EventListener>)) {
        element.addEventListener(event, f)
      }
    } else if (name === 'aria') {
      for (const [key, v] of Object.entries(value as Record<string, string>))
        element.setAttribute('aria-' + key, v)
    } else if (name === 'data') {
      for (const [key, v] of Object.entries(value as Record<string, string>)) element.dataset[key] = v
    } else element.setAttribute(name, value === true ? '' : String(value))
  }
  add(element, children)
  return element
}

/**
 * Text that looks like what it is: characters that would turn the text around
 * them, or that nobody can see, are shown as such.
 */
export function harmless(text: string): string {
  return text.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g,
    '\ufffd',
  )
}

function add(element: Element, children: Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue
    element.append(typeof child === 'object' ? child : harmless(String(child)))
  }
}

/** Puts children in the place of what element holds. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren()
  add(element, children)
}

/** A small picture, drawn with one path. */
export function icon(path: string, label?: string): SVGSVGElement {
  const ns = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(ns, 'svg')
  svg.setAttribute('viewBox', '0 0 16 16')
  svg.setAttribute('class', 'icon')
  if (label) svg.setAttribute('aria-label', label)
  else svg.setAttribute('aria-hidden', 'true')
  const p = document.createElementNS(ns, 'path')
  p.setAttribute('d', path)
  svg.append(p)
  return svg
}
