package history

import (
	"bytes"
	"encoding/json"
)

// blocks.jsonl: one line a block, with its place in the order. Of lines with
// the same place the last holds: the open block is written again at every tick.
// Where blocks were put together the file is replaced as a whole, so all lines
// have the same number of steps a block.
type blockLine struct {
	Per uint64 `json:"steps_per_block"`
	At  int    `json:"i"`
	StepBlock
}

type blockWriter struct {
	log    lineLog
	last   StepBlocks
	failed bool
}

const blocksRewrite = 512 << 10

func newBlockWriter(path string) *blockWriter {
	return &blockWriter{log: lineLog{path: path, limit: blocksRewrite}}
}

// put writes the blocks from the from-th on.
func (w *blockWriter) put(blocks StepBlocks, from int) error {
	if w.failed {
		return nil
	}
	err := w.write(blocks, from)
	w.failed = err != nil
	return err
}

func (w *blockWriter) write(blocks StepBlocks, from int) error {
	was := w.last.Per
	w.last = blocks
	if blocks.Per != was && was != 0 {
		return w.writeAll()
	}
	lines, err := blockLines(blocks, from)
	if err != nil {
		return err
	}
	full, err := w.log.append(lines)
	if err == nil && full {
		err = w.writeAll()
	}
	return err
}

// writeAll leaves nothing in the file but the blocks last told.
func (w *blockWriter) writeAll() error {
	lines, err := blockLines(w.last, 0)
	if err != nil {
		return err
	}
	return w.log.rewrite(lines)
}

func blockLines(blocks StepBlocks, from int) ([]byte, error) {
	var b bytes.Buffer
	for i := from; i < len(blocks.List); i++ {
		if err := appendLine(&b, blockLine{Per: blocks.Per, At: i, StepBlock: blocks.List[i]}); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// decodeBlocks reads what lines are whole and make sense.
func decodeBlocks(b []byte) StepBlocks {
	var blocks StepBlocks
	var list [mostBlocks + 1]StepBlock
	for line := range bytes.Lines(b) {
		var l blockLine
		if json.Unmarshal(line, &l) != nil || l.At < 0 || l.At > mostBlocks || !l.sound() {
			continue
		}
		if l.Per > blocks.Per { // the older ones are of before
			blocks.Per, list = l.Per, [mostBlocks + 1]StepBlock{}
		}
		if l.Per == blocks.Per {
			list[l.At] = l.StepBlock
		}
	}
	for _, one := range list {
		if one.Steps > 0 {
			blocks.List = append(blocks.List, one)
		}
	}
	return blocks
}

// sound reports whether a block can have been counted: whoever takes quantiles
// of it need not ask again.
func (b StepBlock) sound() bool {
	if b.Steps == 0 || b.Steps > 1<<53 || len(b.Bins)%2 != 0 || len(b.Bins) > 2*maxBins ||
		!(b.MinMS >= 0) || !(b.MaxMS >= b.MinMS) || !(b.SumMS >= 0) || !finite(b.FromS) || !finite(b.ToS) {
		return false
	}
	bin, n := uint64(0), uint64(0)
	for i := 0; i < len(b.Bins); i += 2 {
		if b.Bins[i] >= maxBins || b.Bins[i+1] > b.Steps {
			return false // and so the sums do not overflow
		}
		bin += b.Bins[i]
		n += b.Bins[i+1]
	}
	return bin < maxBins && n == b.Steps
}
