package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/internal/history"
)

// mostSuggestions is how many runs a shell is offered: the newest.
const mostSuggestions = 50

// completeRun offers a shell the runs that a command's first so many arguments
// may name, and files besides.
func (env *environment) completeRun(arguments int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= arguments {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		runs, err := history.List(env.home())
		if err != nil || len(runs) == 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return suggestions(env, runs, begun), cobra.ShellCompDirectiveKeepOrder
	}
}

func suggestions(env *environment, runs []history.Run, begun string) (all []cobra.Completion) {
	several, offered := attempts(runs), map[string]bool{}
	offer := func(word string, r history.Run) {
		// What a shell would have to quote is better typed by who knows it.
		if word == "" || offered[word] || !strings.HasPrefix(word, begun) || commandLine([]string{word}) != word || len(all) >= mostSuggestions {
			return
		}
		offered[word] = true
		mark, _ := ending(r.Record, r.Live)
		says := strings.Join(strings.Fields(ago(env.now(), r.Record.Started)+" "+mark+" "+clip(clean(r.Record.Name), 30)), " ")
		all = append(all, cobra.CompletionWithDesc(word, says))
	}
	offer("last", runs[0])
	for _, r := range runs {
		offer(r.Record.Name, r)
		offer(shortName(r, several[r.Record.RunID]), r)
	}
	return all
}
