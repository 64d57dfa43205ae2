# SPDX-License-Identifier: BSD-2-Clause
# Where programs are. The agent runs its helpers from the directory compiled in here and looks
# nowhere else, so the build tree has the same layout as an installed tree: with the prefix set to
# the build directory (preset dev) everything runs without an install.

get_filename_component(CMAKE_INSTALL_PREFIX "${CMAKE_INSTALL_PREFIX}" ABSOLUTE
  BASE_DIR "${CMAKE_SOURCE_DIR}")
include(GNUInstallDirs)

# Always PREFIX/libexec, also where the distribution's default would be an architecture's lib.
set(CMAKE_INSTALL_LIBEXECDIR "libexec" CACHE PATH "Program executables")
GNUInstallDirs_get_absolute_install_dir(CMAKE_INSTALL_FULL_LIBEXECDIR CMAKE_INSTALL_LIBEXECDIR LIBEXECDIR)
set(SPLIT_SSH_LIBEXECDIR "${CMAKE_INSTALL_FULL_LIBEXECDIR}/split-ssh")

# split_ssh_program(NAME bin|libexec SOURCES... ) - a program that users or the agent run; a part of
# the package that SPLIT_SSH_PACKAGE, set by its folder, names: common, vault or client.
function(split_ssh_program name where)
  add_executable(${name} ${ARGN})
  target_compile_definitions(${name} PRIVATE SPLIT_SSH_VERSION="${PROJECT_VERSION}")
  target_link_libraries(${name} PRIVATE shared_headers)
  if(SPLIT_SSH_SANITIZE)
    target_sources(${name} PRIVATE "${PROJECT_SOURCE_DIR}/cmake/asan_options.c")
    target_compile_definitions(${name} PRIVATE SPLIT_SSH_SANITIZE)
  endif()
  if(where STREQUAL "libexec")
    set(build_dir "${CMAKE_BINARY_DIR}/libexec/split-ssh")
    set(install_dir "${CMAKE_INSTALL_LIBEXECDIR}/split-ssh")
  else()
    set(build_dir "${CMAKE_BINARY_DIR}/bin")
    set(install_dir "${CMAKE_INSTALL_BINDIR}")
  endif()
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${build_dir}")
  # The build tree may be the prefix itself (preset dev): then there is nothing to copy.
  if(NOT CMAKE_INSTALL_PREFIX STREQUAL CMAKE_BINARY_DIR)
    install(TARGETS ${name} RUNTIME DESTINATION "${install_dir}"
      COMPONENT ${SPLIT_SSH_PACKAGE})
  endif()
endfunction()
