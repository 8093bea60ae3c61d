//go:build !linux

package errors

const sigBUS, sigSYS = 10, 12
