#ifndef INRO_EXECUTOR_H
#define INRO_EXECUTOR_H

int inro_executor_main(int argc, char **argv);

#endif
