package agent

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/trainwatch/trainwatch/internal/settings"
)

// previewed reports whether the trainwatch around us shows what would be sent.
// What this program says besides is then shown too, and nothing is asked,
// decided, sent or kept.
func (p *place) previewed() bool {
	return p.wrapped && p.pageDir != "" && p.parent.Telemetry == settings.ParentPreview && p.who.Rank <= 0
}

// previewFile is where the wrapper finds the events of this process. Where it
// cannot be made they are not shown.
func (p *place) previewFile() io.Writer {
	name := filepath.Join(p.pageDir, fmt.Sprintf("preview-%d.jsonl", os.Getpid()))
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return io.Discard
	}
	return f // open until the process ends, as its agent is
}
