# Microcontrollers with a Cortex-M3 (ARMv7-M).
set(CMAKE_SYSTEM_PROCESSOR cortex-m3)
include(${CMAKE_CURRENT_LIST_DIR}/cortex-m.cmake)
