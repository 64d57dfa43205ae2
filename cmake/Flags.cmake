# SPDX-License-Identifier: BSD-2-Clause
include(CheckCCompilerFlag)
include(CheckLinkerFlag)
include(CheckPIESupported)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wconversion -Wshadow
  -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -fno-common)
# Packages are built by compilers that nobody here has seen.
option(SPLIT_SSH_WERROR "Warnings are errors" ON)
if(SPLIT_SSH_WERROR)
  add_compile_options(-Werror)
endif()

check_pie_supported(LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

function(add_flag_if_supported flag)
  string(MAKE_C_IDENTIFIER "HAVE${flag}" have)
  check_c_compiler_flag("${flag}" ${have})
  if(${have})
    add_compile_options("${flag}")
  endif()
endfunction()

if(SPLIT_SSH_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
else()
  # Optimisation level comes from the build type; fortification needs one.
  if(CMAKE_BUILD_TYPE MATCHES "Rel")
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  endif()
  add_flag_if_supported(-fstack-protector-strong)
  add_flag_if_supported(-fstack-clash-protection)
  add_flag_if_supported(-fcf-protection=full)
  check_c_compiler_flag(-ftrivial-auto-var-init=zero HAVE_AUTO_VAR_INIT_ZERO)
  if(HAVE_AUTO_VAR_INIT_ZERO)
    add_compile_options(-ftrivial-auto-var-init=zero)
  else()
    # clang before 16 wants to be asked twice for it.
    set(ask_twice -enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
    check_c_compiler_flag("-ftrivial-auto-var-init=zero ${ask_twice}" HAVE_AUTO_VAR_INIT_ZERO_OLD)
    if(HAVE_AUTO_VAR_INIT_ZERO_OLD)
      add_compile_options(-ftrivial-auto-var-init=zero ${ask_twice})
    endif()
  endif()
  add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
endif()
