//! One set of error codes, and what each is called over HTTP and gRPC.
