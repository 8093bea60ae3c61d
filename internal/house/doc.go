// Package house holds the rules of this repository as tests, and nothing else:
// which room may import which, that each room says what it is for, what the
// public packages promise, and under which licences our dependencies come.
package house
