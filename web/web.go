// Package web holds the page that `trainwatch view` serves and `trainwatch
// report` writes, as built from the sources beside it: one document, one script,
// one style sheet. They are committed, so that building trainwatch needs no
// Node; `make web` builds them anew and `make check` compares, byte for byte.
package web

import _ "embed" // the files below

// Index is the document. It refers to the other two as ./app.js and ./app.css.
//
//go:embed dist/index.html
var Index string

// Script is the page's JavaScript, one module without imports.
//
//go:embed dist/app.js
var Script string

// Style is the page's style sheet.
//
//go:embed dist/app.css
var Style string
