#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| pxe_init_fuzz::query(data));
