# What the reader's firmware costs, and the most it may: cmake -DSIZE=arm-none-eabi-size -DIMAGE=FILE
# -DFLASH_MAX=BYTES -DRAM_MAX=BYTES -P size.cmake. Flash is code, constants and initial values; memory is all
# variables and the stack that the image reserves.
execute_process(COMMAND ${SIZE} ${IMAGE} OUTPUT_VARIABLE table COMMAND_ERROR_IS_FATAL ANY)
if(NOT table MATCHES "\n *([0-9]+)[ \t]+([0-9]+)[ \t]+([0-9]+)")
  message(FATAL_ERROR "${SIZE} prints something else than it used to:\n${table}")
endif()
set(text ${CMAKE_MATCH_1})
set(data ${CMAKE_MATCH_2})
set(bss ${CMAKE_MATCH_3})
math(EXPR flash "${text} + ${data}")
math(EXPR ram "${data} + ${bss}")
message("text ${text}, data ${data}, bss and stack ${bss}: flash ${flash} of at most ${FLASH_MAX} bytes, "
  "RAM ${ram} of at most ${RAM_MAX} bytes")
if(flash GREATER FLASH_MAX OR ram GREATER RAM_MAX)
  message(FATAL_ERROR "The firmware has outgrown its limit. See what grew: arm-none-eabi-nm --size-sort ${IMAGE}")
endif()
