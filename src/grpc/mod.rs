//! The management API: converts, calls the service, converts back.
