//! Facts to resolution: which machine, which image, which templates and params, and why.
