// What the browser tests share: the built programs, a real Chromium, and a note
// of everything that a page did.

import { spawn, type ChildProcess, execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { promisify } from 'node:util'

import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'

const root = resolve(import.meta.dirname, '../../..')
export const trainwatch = join(root, 'bin/trainwatch')
export const madeup = join(root, 'bin/madeup')
export const mlp = join(root, 'bin/mlp')
export const shots = join(root, '.build/screenshots')
mkdirSync(shots, { recursive: true })

/** An environment in which nobody has said anything, and nothing says CI. */
export function environment(home: string, more: Record<string, string> = {}): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: home, TRAINWATCH_HOME: home, ...more }
}

export function newHome(): string {
  return mkdtempSync(join(tmpdir(), 'trainwatch-page-'))
}

const run = promisify(execFile)

/** Writes a run that never was; returns its id. */
export async function make(home: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(madeup, ['-home', home, ...args])
  return stdout.trim()
}

export async function command(home: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return run(trainwatch, args, { env: environment(home), cwd: home, maxBuffer: 64 << 20 })
}

/** A run that goes on for as long as it is told to. */
export class Live {
  private constructor(
    readonly id: string,
    private readonly child: ChildProcess,
    private readonly lines: Interface,
  ) {}

  static async begin(home: string, ...args: string[]): Promise<Live> {
    const child = spawn(madeup, ['-home', home, '-kind', 'live', ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const lines = createInterface({ input: child.stdout })
    return new Live(await next(lines), child, lines)
  }

  /** One more tick; returns the step it came to. */
  async tick(): Promise<number> {
    const told = next(this.lines)
    this.child.stdin?.write('\n')
    return Number(await told)
  }

  async end(): Promise<void> {
    const gone = new Promise((done) => this.child.once('exit', done))
    this.child.stdin?.end()
    await gone
  }
}

function next(lines: Interface): Promise<string> {
  return new Promise((done, failed) => {
    lines.once('line', done)
    lines.once('close', () => failed(new Error('the program ended')))
  })
}

/** `trainwatch view`, as it runs for a user. */
export class View {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
  ) {}

  static async begin(home: string, args: string[] = [], more: Record<string, string> = {}): Promise<View> {
    const child = spawn(trainwatch, ['view', '--no-open', ...args], {
      env: environment(home, more),
      cwd: home,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return new View(await next(createInterface({ input: child.stdout })), child)
  }

  get origin(): string {
    return new URL(this.url).origin
  }

  get token(): string {
    return new URL(this.url).pathname.split('/')[1] ?? ''
  }

  async end(): Promise<void> {
    const gone = new Promise((done) => this.child.once('exit', done))
    this.child.kill('SIGINT')
    await gone
  }
}

export function launch(...more: string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['TRAINWATCH_TEST_CHROMIUM'] ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage', // which is small in a container
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  })
}

/** A page, and what it said and asked for. */
export interface Watched {
  page: Page
  said: string[] // errors and warnings of the console, uncaught exceptions, dialogs
  asked: string[] // addresses it made requests to
  close(): Promise<void>
}

export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  const page = await context.newPage()
  const said: string[] = []
  const asked: string[] = []
  page.on('console', (m) => {
    if (m.type() === 'error' || m.type() === 'warning') said.push(`${m.type()}: ${m.text()}`)
  })
  page.on('pageerror', (e) => said.push('exception: ' + e.message))
  page.on('dialog', (d) => {
    said.push('dialog: ' + d.message())
    void d.dismiss()
  })
  context.on('request', (r) => {
    if (!r.url().startsWith('data:')) asked.push(r.url())
  })
  if (options.offline !== true) await page.goto(url)
  return { page, said, asked, close: () => context.close() }
}

/** Waits until the charts are drawn. */
export async function drawn(page: Page): Promise<void> {
  await page.waitForFunction(() => performance.getEntriesByName('charts').length > 0)
}

/** What every chart looks like, by its panel. */
export function pictures(page: Page): Promise<Record<string, string>> {
  return page.evaluate(() => {
    const all: Record<string, string> = {}
    for (const panel of document.querySelectorAll<HTMLElement>('[data-panel]')) {
      const canvas = panel.querySelector('canvas')
      if (canvas) all[panel.dataset['panel'] ?? ''] = canvas.toDataURL()
    }
    return all
  })
}

export function snap(page: Page, name: string, fullPage = false): Promise<Buffer> {
  return page.screenshot({ path: join(shots, name + '.png'), fullPage })
}
