// Package view shows the user's own record of their runs: a page that is served
// to their browser on this machine (Server), and the same page as one file that
// opens from a disk (WriteReport).
//
// It reads the history's files and nothing else, and so works wherever these can
// be read: beside the run, or on a login node. It must never show what somebody
// else asks for: the server listens on loopback alone, wants a random token in
// the path, and refuses foreign Host and Origin headers. Text of the user's goes
// to the page as JSON strings, and into a report only where they asked for it:
// see Private.
//
// The page itself is built from web/ and embedded.
package view
