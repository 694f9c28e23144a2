/* SPDX-License-Identifier: GPL-2.0 */
long counter_add(long by);
