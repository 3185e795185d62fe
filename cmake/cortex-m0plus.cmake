# Microcontrollers with a Cortex-M0+ (ARMv6-M), such as the RP2040.
set(CMAKE_SYSTEM_PROCESSOR cortex-m0plus)
include(${CMAKE_CURRENT_LIST_DIR}/cortex-m.cmake)
