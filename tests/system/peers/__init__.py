# SPDX-License-Identifier: Apache-2.0
"""Other people's IPsec for the system tests, each peer in a namespace of its own."""
