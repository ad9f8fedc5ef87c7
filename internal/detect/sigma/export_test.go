package sigma

// Unpack is unpack for tests from outside.
var Unpack = unpack
