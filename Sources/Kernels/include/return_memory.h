#pragma once

/// Tells the allocator to give large blocks back to the system as soon as they are freed, and to let threads
/// share the rest, so that what a program counts is what the process holds.
void isotach_return_memory(void);
