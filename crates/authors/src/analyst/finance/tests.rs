//! Questions of many kinds, and what the programs written for them give.
