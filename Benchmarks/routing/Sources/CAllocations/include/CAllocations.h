/// How often memory was allocated in this process.
unsigned long allocation_count(void);
