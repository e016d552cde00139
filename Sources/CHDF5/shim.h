#pragma once
#include <hdf5.h>

// HDF5 names these through macros that call H5open(): Swift cannot import them.
static inline unsigned isotach_H5F_ACC_RDONLY(void) { return H5F_ACC_RDONLY; }
static inline unsigned isotach_H5F_ACC_RDWR(void) { return H5F_ACC_RDWR; }
static inline hid_t isotach_H5P_FILE_ACCESS(void) { return H5P_FILE_ACCESS; }
static inline hid_t isotach_H5P_DATASET_XFER(void) { return H5P_DATASET_XFER; }
static inline hid_t isotach_H5P_DEFAULT(void) { return H5P_DEFAULT; }
static inline hid_t isotach_H5S_ALL(void) { return H5S_ALL; }
static inline hsize_t isotach_H5S_UNLIMITED(void) { return H5S_UNLIMITED; }
static inline hid_t isotach_H5T_C_S1(void) { return H5T_C_S1; }
static inline hid_t isotach_H5T_NATIVE_INT8(void) { return H5T_NATIVE_INT8; }
static inline hid_t isotach_H5T_NATIVE_UINT8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t isotach_H5T_NATIVE_INT16(void) { return H5T_NATIVE_INT16; }
static inline hid_t isotach_H5T_NATIVE_UINT16(void) { return H5T_NATIVE_UINT16; }
static inline hid_t isotach_H5T_NATIVE_INT32(void) { return H5T_NATIVE_INT32; }
static inline hid_t isotach_H5T_NATIVE_UINT32(void) { return H5T_NATIVE_UINT32; }
static inline hid_t isotach_H5T_NATIVE_INT64(void) { return H5T_NATIVE_INT64; }
static inline hid_t isotach_H5T_NATIVE_UINT64(void) { return H5T_NATIVE_UINT64; }
static inline hid_t isotach_H5T_NATIVE_FLOAT(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t isotach_H5T_NATIVE_DOUBLE(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t isotach_H5T_STD_REF_OBJ(void) { return H5T_STD_REF_OBJ; }
static inline hid_t isotach_H5T_IEEE_F32LE(void) { return H5T_IEEE_F32LE; }
static inline hid_t isotach_H5T_IEEE_F32BE(void) { return H5T_IEEE_F32BE; }
static inline hid_t isotach_H5T_IEEE_F64LE(void) { return H5T_IEEE_F64LE; }
static inline hid_t isotach_H5T_IEEE_F64BE(void) { return H5T_IEEE_F64BE; }
static inline haddr_t isotach_HADDR_UNDEF(void) { return HADDR_UNDEF; }
static inline hid_t isotach_H5P_DATASET_ACCESS(void) { return H5P_DATASET_ACCESS; }
