//go:build !linux

package delivery_test

const hoardVariable = "DELIVERY_TEST_HOARD"

func hoard(string, string) {}
