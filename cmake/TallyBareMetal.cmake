# Programs and tests of a microcontroller, in place of those of TallyRoom.cmake.

# A program for a desk is not for here; whoever adds one to a room need not know.
function(tally_program name)
endfunction()

# tally_image(NAME STACK bytes SPECS x.specs SOURCES ... LINKS ...): a program for the emulated board
# (port/cortex-m/mps2), with the C library that the specs name.
set(TALLY_MPS2 ${CMAKE_SOURCE_DIR}/firmware/port/cortex-m/mps2)
function(tally_image name)
  cmake_parse_arguments(IMAGE "" "STACK;SPECS" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${IMAGE_SOURCES} ${TALLY_MPS2}/startup.c)
  tally_compile_options(${name})
  target_link_libraries(${name} PRIVATE ${IMAGE_LINKS})
  target_link_options(${name} PRIVATE --specs=${IMAGE_SPECS} -T ${TALLY_MPS2}/mps2-an385.ld
    -Wl,--defsym=STACK_LEN=${IMAGE_STACK} -Wl,--no-warn-rwx-segments)
  set_target_properties(${name} PROPERTIES LINK_DEPENDS ${TALLY_MPS2}/mps2-an385.ld)
endfunction()

# What app/crypto finds on a terminal: here, the few files of mbedTLS's sources that HMAC needs.
file(GLOB TALLY_MBEDTLS LIST_DIRECTORIES true ${CMAKE_SOURCE_DIR}/build/roots/mbedtls/mbedtls-*/library
  /usr/src/mbedtls-*/library)
if(TALLY_MBEDTLS)
  list(GET TALLY_MBEDTLS 0 TALLY_MBEDTLS)
  message(STATUS "HMAC is that of ${TALLY_MBEDTLS}")
  add_library(mbedtls_crypto STATIC ${TALLY_MBEDTLS}/md.c ${TALLY_MBEDTLS}/sha256.c
    ${TALLY_MBEDTLS}/platform_util.c)
  target_include_directories(mbedtls_crypto SYSTEM PUBLIC ${TALLY_MBEDTLS}/../include)
  target_include_directories(mbedtls_crypto PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_definitions(mbedtls_crypto PUBLIC
    MBEDTLS_CONFIG_FILE="firmware/port/cortex-m/mbedtls_config.h")
endif()

# The first library below `target` that a microcontroller does not have, or nothing.
function(tally_missing target ret_missing)
  set(${ret_missing} "" PARENT_SCOPE)
  if(NOT TARGET ${target})
    set(${ret_missing} ${target} PARENT_SCOPE)
    return()
  endif()
  get_target_property(links ${target} INTERFACE_LINK_LIBRARIES)
  foreach(link ${links})
    tally_missing(${link} missing)
    if(missing)
      set(${ret_missing} ${missing} PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# tally_test(NAME SOURCES ... LINKS ...): the same test as anywhere else, with this board's small cmocka, run
# on QEMU. One that links what a microcontroller does not have is left out, by name and with the reason.
function(tally_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINKS" ${ARGN})
  foreach(link ${TEST_LINKS})
    tally_missing(${link} missing)
    if(missing)
      add_executable(${name} EXCLUDE_FROM_ALL ${TEST_SOURCES})
      add_test(NAME ${name} COMMAND ${CMAKE_COMMAND} -E echo
        "left out on a Cortex-M: it needs ${missing}, which is not here")
      set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION "left out")
      message(STATUS "${name} is left out: it needs ${missing}, which is not here")
      return()
    endif()
  endforeach()
  # rdimon is newlib's stdio by semihosting.
  tally_image(${name} STACK 65536 SPECS rdimon.specs SOURCES ${TEST_SOURCES}
    ${CMAKE_SOURCE_DIR}/tests/cortex-m/cmocka.c ${CMAKE_SOURCE_DIR}/tests/cortex-m/formats.c
    LINKS ${TEST_LINKS})
  target_link_options(${name} PRIVATE
    -Wl,--wrap=printf,--wrap=vprintf,--wrap=snprintf,--wrap=vsnprintf)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/cortex-m)
  # uint32_t is unsigned long here and unsigned int on Linux, both of 32 bits: what tests print is right on both.
  target_compile_options(${name} PRIVATE -Wno-format)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300)
endfunction()
