# How a room, a program and a test are declared. Every target gets the same warnings.
option(TALLY_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)

set(TALLY_WARNINGS -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 -Wunused-result)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  list(APPEND TALLY_WARNINGS -Wlogical-op -Wduplicated-cond)
endif()
set(TALLY_HARDENING -fstack-protector-strong -fno-strict-aliasing)
if(CMAKE_SYSTEM_NAME STREQUAL "Generic") # a microcontroller has nobody to call when a canary is dead
  set(TALLY_HARDENING -fno-strict-aliasing)
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  list(APPEND TALLY_HARDENING -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()

function(tally_compile_options target)
  target_compile_options(${target} PRIVATE ${TALLY_WARNINGS} ${TALLY_HARDENING})
  # 64-bit file offsets: without them readdir and stat fail on large file systems on 32-bit terminals.
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE _FILE_OFFSET_BITS=64
    TALLY_VERSION="${PROJECT_VERSION}")
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  if(TALLY_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=address,undefined -fno-omit-frame-pointer
      -fno-sanitize-recover=undefined)
    target_link_options(${target} PUBLIC -fsanitize=address,undefined)
  endif()
endfunction()

# tally_room(NAME SOURCES a.c b.c LINKS other_room PkgConfig::X)
function(tally_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${ROOM_SOURCES})
  tally_compile_options(${name})
  target_link_libraries(${name} PUBLIC ${ROOM_LINKS})
  if(CMAKE_SYSTEM_NAME STREQUAL "Generic")
    tally_missing(${name} missing)
    if(missing) # nor is what needs it built: see tally_test() there
      set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
    endif()
  endif()
endfunction()

# tally_program(NAME SOURCES ... LINKS ...): an executable that is installed.
function(tally_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  tally_compile_options(${name})
  target_link_libraries(${name} PRIVATE ${PROGRAM_LINKS})
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# tally_test(NAME SOURCES ... LINKS ...): a cmocka program run by ctest, also under qemu-user.
function(tally_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINKS" ${ARGN})
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
  add_executable(${name} ${TEST_SOURCES})
  tally_compile_options(${name})
  target_link_libraries(${name} PRIVATE ${TEST_LINKS} PkgConfig::CMOCKA)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120)
endfunction()

if(CMAKE_SYSTEM_NAME STREQUAL "Generic")
  include(TallyBareMetal)
else()
  find_package(PkgConfig REQUIRED)
endif()
