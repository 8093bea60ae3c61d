package monitor

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/trainwatch/trainwatch/internal/rank"
)

// maxEnviron bounds what is read of a process's environment, bytes.
const maxEnviron = 256 << 10

// fromProcesses is what those of pid's descendants say together that a launcher
// has told their rank: of which node they are what its first says, and how many
// each. What the program itself was told (by srun, say, of a torchrun) is the
// launcher's rank and not its workers'.
func fromProcesses(proc string, pid int) rank.Info {
	outer := rank.FromEnviron(environOf(proc, pid))
	all := rank.Nobody()
	const most = 512
	queue := []int{pid}
	for i := 0; i < len(queue) && i < most && all.Verdict != rank.Sender; i++ {
		info := rank.FromEnviron(environOf(proc, queue[i]))
		if info.Settled() && (info.Launcher != outer.Launcher || info.Rank != outer.Rank) {
			if info.LocalRank > 0 {
				info.Rank, info.Verdict = -1, rank.Unknown
			}
			all = all.And(info)
		}
		queue = append(queue, childrenOf(proc, queue[i])...)
	}
	return all
}

func environOf(proc string, pid int) []byte {
	f, err := os.Open(filepath.Join(proc, strconv.Itoa(pid), "environ"))
	if err != nil {
		return nil
	}
	defer f.Close()
	data, _ := io.ReadAll(io.LimitReader(f, maxEnviron))
	return data[:bytes.LastIndexByte(data, 0)+1] // of half an environment the whole entries
}

func childrenOf(proc string, pid int) (list []int) {
	files, _ := filepath.Glob(filepath.Join(proc, strconv.Itoa(pid), "task", "*", "children"))
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(data)) {
			if child, err := strconv.Atoi(field); err == nil {
				list = append(list, child)
			}
		}
	}
	return list
}
