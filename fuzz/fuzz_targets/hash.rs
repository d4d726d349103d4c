#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ketama_fuzz::hash::run(data));
