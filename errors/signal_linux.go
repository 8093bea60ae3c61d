package errors

const sigBUS, sigSYS = 7, 31
