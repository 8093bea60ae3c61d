// What all charts have in common: the part of the run that is shown, and the
// position that is pointed at.

export type Range = [min: number, max: number]

export class Link {
  full: Range = [0, 1]
  private zoomed: Range | null = null
  private pointed: number | null = null
  private readonly zooms = new Set<(range: Range) => void>()
  private readonly points = new Set<(x: number | null, from: unknown) => void>()

  get range(): Range {
    return this.zoomed ?? this.full
  }
  get isZoomed(): boolean {
    return this.zoomed !== null
  }
  get cursor(): number | null {
    return this.pointed
  }

  onZoom(f: (range: Range) => void): void {
    this.zooms.add(f)
  }
  onPoint(f: (x: number | null, from: unknown) => void): void {
    this.points.add(f)
  }
  /** Forgets who listened: the charts are made anew. */
  clear(): void {
    this.zooms.clear()
    this.points.clear()
  }

  /** Shows a part, null all of it. Less than a ten-thousandth is not shown. */
  zoom(range: Range | null): void {
    if (range) {
      const [low, high] = this.full
      const least = (high - low) / 1e4
      const width = Math.min(Math.max(range[1] - range[0], least), high - low)
      const from = Math.min(Math.max(range[0], low), high - width)
      range = width >= (high - low) * 0.999 ? null : [from, from + width]
    }
    this.zoomed = range
    this.tell()
  }

  /** The run has grown, or another axis holds. */
  extend(full: Range, keep: boolean): void {
    const following = this.zoomed !== null && this.zoomed[1] >= this.full[1]
    this.full = full
    if (!keep) this.zoomed = null
    else if (this.zoomed && following) {
      this.zoomed = [this.zoomed[0] + (full[1] - this.zoomed[1]), full[1]]
    }
  }

  tell(): void {
    for (const f of this.zooms) f(this.range)
  }

  /** Zooms by a factor around a position, by default where is pointed, or the middle. */
  scale(factor: number, around?: number): void {
    const [low, high] = this.range
    const inside =
      this.pointed !== null && this.pointed >= low && this.pointed <= high ? this.pointed : undefined
    const at = around ?? inside ?? (low + high) / 2
    this.zoom([at - (at - low) * factor, at + (high - at) * factor])
  }

  /** Moves by a share of what is shown. */
  pan(share: number): void {
    const [low, high] = this.range
    const by = (high - low) * share
    this.zoom([low + by, high + by])
  }

  point(x: number | null, from: unknown): void {
    if (x === this.pointed) return
    this.pointed = x
    for (const f of this.points) f(x, from)
  }
}
