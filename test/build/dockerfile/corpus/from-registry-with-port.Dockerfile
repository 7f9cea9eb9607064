FROM registry.example.com:5000/team/image:1.0 AS base
